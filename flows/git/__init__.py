"""Git, without switching branches or touching what others edit."""
