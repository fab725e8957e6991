"""The method of Finnie and Finnie (2019): networks and helices that continue windows of five hits."""
