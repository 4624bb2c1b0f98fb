"""What a member can do: slash commands, the message menu, buttons, forms and reactions."""
