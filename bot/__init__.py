"""The service: everything from the webhook to the message in a resident's hand."""
