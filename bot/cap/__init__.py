"""Alerts of others in the Common Alerting Protocol: read, checked, and made into drafts for staff."""
