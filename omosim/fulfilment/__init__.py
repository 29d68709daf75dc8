"""What the network does with orders and visits: two engines behind one protocol, and coarse replenishment."""
