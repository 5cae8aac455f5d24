"""The contract between terminal and centre: envelopes, facts, orders, receipts, topics."""
