"""A recipe: one YAML file with the sections data, model, task and train, checked before anything slow starts."""
