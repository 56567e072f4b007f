"""Trains a classifier on a matrix, and says how often it is right on flows that it has not seen."""
import sys

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

matrix = pd.read_csv(sys.argv[1]).drop(columns="kind", errors="ignore")
features, label = matrix.drop(columns="label_numeric"), matrix["label_numeric"]
right = cross_val_score(LogisticRegression(max_iter=1000), features, label, cv=3).mean()
print(f"{len(features)} flows, {features.shape[1]} columns, {right:.0%} right")
