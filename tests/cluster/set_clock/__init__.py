"""What a process that is tested has on its path so that its clock can be set."""
