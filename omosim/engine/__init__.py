"""Clock and windows, laws, snapshots. Nothing of retail."""
