"""What others publish, taken in without harm: fetched as their servers like it, XML without its dangers."""
