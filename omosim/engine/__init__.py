"""Clock, windows, tables, laws and snapshots. Nothing of retail."""
