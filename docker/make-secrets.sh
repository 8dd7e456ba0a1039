#!/bin/sh
# Makes the secrets that compose.yaml mounts; those that are there stay as they are.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
[ -s secrets/database_password ] || random > secrets/database_password
[ -s secrets/ray_token ] || random > secrets/ray_token
printf 'postgresql+psycopg2://hypertuner:%s@postgres/hypertuner' "$(cat secrets/database_password)" > secrets/database_url
echo "docker/secrets is ready; keep it out of version control."
