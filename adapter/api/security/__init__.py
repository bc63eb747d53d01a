"""Who may call the API, and for what: tokens, API keys, scopes, limits, headers."""
