"""The lab: a fleet of real-kernel Debian hosts (User-mode Linux), each ssh-ready within seconds."""
