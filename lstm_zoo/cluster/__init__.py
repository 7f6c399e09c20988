"""More than one machine: workers on a Ray cluster, and what they do; nothing here is imported without `--workers`.

Ray starts processes where there is room, tells of those that die, and hands tasks and results on; what is done stands
in the other rooms. `room` finds a cluster, `workers` starts workers, `dealing` deals tasks that need nothing of each
other (files to read or to predict, batches to evaluate), `training` has all workers take each step together.

What much video costs, by units that were measured: 187 films of 2 s each (240p to 1080p, 401 s in all), as
`my_videos_cnn_lstm.yaml` prepares them (8 frames a second, 128 pixels), on one 2026 server core:

| | an hour of video | 1,000 hours | 1,000,000 hours |
|---|---|---|---|
| prepare, workers | 300 CPU s | 82 core hours | 82,000 core hours |
| prepare, head | 5.5 CPU s | 1.5 core hours | 64 core days |
| store | 0.31 GB | 0.31 TB | 310 TB |

The first thing that bends is the head of a preparation: it writes what about 50 workers read, and no more. Beyond, data
are to be prepared in parts, a command each (`data.lists`), and read as several data sets; there is no such reading yet.
The second is the folder that all nodes share: an epoch reads all that is stored once, so that an hour's epoch over
0.31 TB asks 86 MB a second of it, and one over 310 TB 86 GB. The third are the tables beside the records (a row an
example, read whole by every process): 67 bytes a row make 120 MB for 1,000 hours in films of 2 s, and a thousand times
as much is too much. One order of all examples by (seed, epoch) ends there, too: shuffling within blocks stays.
"""
