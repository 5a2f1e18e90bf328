"""The aiohttp application: webhook, health, metrics."""
