"""The method of Finnie and Finnie (2019): DBSCAN clusters of unrolled helices."""
