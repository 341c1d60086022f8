"""What Limitwise costs beside what people use today, measured on the lab, side by side."""
