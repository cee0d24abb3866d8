"""The chart as far as it can be judged without helm: values, schema, generated files, dashboard."""
