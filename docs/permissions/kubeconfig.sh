#!/usr/bin/env bash
# Prints a kubeconfig for a service account: the content of the workflow's secret.
#
#   bash kubeconfig.sh NAMESPACE ACCOUNT [DURATION [NAME]] > kubeconfig
#
# NAME is for several clusters in one run, whose contexts, clusters and users may not share their names: it becomes all three.
# Needs kubectl, whose current context has to be the cluster that is meant. The token is good for DURATION (default 8760h, a year), or
# for less where the API server limits that; kubectl warns then. Deleting the account ends it within seconds.
# What the cluster's entry has stays in it, such as a "proxy-url" with its password.
set -euo pipefail

namespace=${1:?namespace} account=${2:?account} duration=${3:-8760h} name=${4:-}
case $name in *[!A-Za-z0-9._-]*) echo "NAME may have letters, digits, '.', '_' and '-' only, not: $name" >&2 && exit 2 ;; esac
token=$(kubectl create token "$account" --namespace "$namespace" --duration "$duration")

# The cluster as this user reaches it, with another user. Credentials of this user never get into the file that is printed.
file=$(mktemp)
trap 'rm -f "$file"' EXIT
kubectl config view --minify --raw --flatten | sed '/^users:/,$d' > "$file"
user=${name:-$account}
kubectl config set-context --kubeconfig "$file" --current --user "$user" --namespace "$namespace" > /dev/null
named() { if [ -n "$name" ]; then sed -E "s,^(  name|    cluster|current-context): .*,\1: '$name',"; else cat; fi; }
sed '/^users:/,$d' "$file" | named
cat <<USERS
users:
- name: '$user'
  user:
    token: $token
USERS
