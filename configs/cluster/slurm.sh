#!/bin/bash
# Any command of lstmzoo that takes --workers, on the nodes of a Slurm job: one Ray node a Slurm node, a worker on each.
# Usage: sbatch [--nodes=4] [--cpus-per-task=16] [--gpus-per-node=1] slurm.sh train --config ucf101_cnn_lstm.yaml
# lstmzoo (with its extra `cluster`) has to be on the PATH of the nodes, and data and runs in a folder that all can read.
#SBATCH --job-name=lstmzoo
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
set -euo pipefail
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
if token=$(ray get-auth-token --generate 2> /dev/null); then # else it is a Ray that knows no tokens
    export RAY_AUTH_MODE=token RAY_AUTH_TOKEN=$token # of all nodes: the first one asks for it where one has been made
fi
cores=$SLURM_CPUS_PER_TASK gpus=${SLURM_GPUS_ON_NODE:-0}
srun --nodes="$SLURM_NNODES" --ntasks="$SLURM_NNODES" --cpus-per-task="$cores" \
    ray symmetric-run --address "$head:6379" --min-nodes "$SLURM_NNODES" --num-cpus="$cores" --num-gpus="$gpus" -- \
    lstmzoo "$@" --cluster auto --workers "$SLURM_NNODES" --cpus-per-worker "$cores" --gpus-per-worker "$gpus"
