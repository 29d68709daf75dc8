"""Order logs in, calibrated markets out; the digital twin of one retailer."""
