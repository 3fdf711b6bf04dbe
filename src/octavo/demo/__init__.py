"""Shows the whole path on a pretrained network and real photographs."""
