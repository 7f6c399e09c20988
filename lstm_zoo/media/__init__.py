"""Files and streams to arrays and back: videos, images, label maps and volumes; knows no data set."""
