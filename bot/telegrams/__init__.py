"""From JMA's feeds to broadcasts: telegrams are fetched once, read, and told to whom they concern."""
