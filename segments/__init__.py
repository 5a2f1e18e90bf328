"""The segment language: text to typed expression to SQL."""
