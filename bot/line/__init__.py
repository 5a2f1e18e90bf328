"""All that knows LINE: signature, events, message limits, HTTP client."""
