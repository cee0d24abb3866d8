"""The chart as helm renders it: what every value changes, who gets which rights, if Kubernetes knows each field."""
