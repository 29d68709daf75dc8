"""RetailModel: assembles shoppers, network, policy and agents, and runs them day by day. Start reading in retail.py."""
