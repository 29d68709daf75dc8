"""Every column's dtype, unit and meaning, the code lists, and the typed settings of a run.

The lowest room beside the kernels: it imports nothing of omosim, so that any room can name a column
or a setting without importing the room that fills it.
"""
