"""How the dataset is kept true: proposals, their review and publication, and what people report."""
