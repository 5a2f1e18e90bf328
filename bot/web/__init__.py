"""The aiohttp application: the webhook, what the town publishes, and what monitoring asks."""
