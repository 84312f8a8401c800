"""Keys over time: how fresh, where from, when to ask again, and when to give up."""
