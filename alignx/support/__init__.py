"""Arrays, files, memory, processes and settings; nothing about languages."""
