"""Durable intake of webhook events, and their processing in order per resident."""
