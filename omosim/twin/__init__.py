"""Order logs in, calibrated markets out; the digital twin of one retailer. Start reading in `calibrate.py`."""

from omosim.twin.errors import CalibrationError

__all__ = ["CalibrationError"]
