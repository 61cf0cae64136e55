# shellcheck shell=bash
# What cfn/deploy and cfn/teardown share. Sourced, not run.

# Ends with one line that says what is wrong and what to do.
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

say() { printf '%s\n' "$*"; }

need_tool() { # need_tool NAME HOW_TO_GET_IT
  command -v "$1" >/dev/null 2>&1 || die "$1 is missing. $2"
}

# The value of an option: need_value "$@" with the option first.
need_value() {
  [ "$#" -ge 2 ] && [ -n "$2" ] || die "$1 needs a value (see --help)"
}

# IAM names of a stack's roles are cut after 24 characters of the stack's name; the rights of the deletion role
# (cfn/workflow.yaml) go by that name, so it must not be cut.
check_name() {
  [[ "$1" =~ ^[a-z][a-z0-9-]{0,15}$ ]] ||
    die "--name $1 cannot be used: it must be 1 to 16 lower-case letters, digits and hyphens, the first a letter"
}

# shellcheck disable=SC2034  # both scripts read account
# Sets `region` and `account`, or says why AWS cannot be used.
find_account() {
  need_tool aws "Install the AWS CLI, version 1.42 or 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
  export AWS_PAGER=""
  region="${region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || true)}}}"
  [ -n "$region" ] || die "no region is set. Give --region, or set AWS_REGION"
  [[ "$region" =~ ^[a-z]{2,4}(-[a-z]+)+-[0-9]+$ ]] || die "\"$region\" is not the name of a region, such as eu-central-1"
  export AWS_REGION="$region" AWS_DEFAULT_REGION="$region"
  local said
  if ! said="$(aws sts get-caller-identity --query Account --output text 2>&1)"; then
    case "$said" in
      *"Unable to locate credentials"*) die "no AWS credentials are set. Run \"aws configure\" or \"aws sso login\", or set AWS_PROFILE" ;;
      *"Could not connect"* | *"endpoint"*) die "region $region cannot be reached. Is its name right, is it enabled in the account, is there a network?" ;;
      *) die "AWS refuses the credentials: $(last_line "$said")" ;;
    esac
  fi
  account="$said"
}

last_line() { printf '%s\n' "$1" | sed '/^[[:space:]]*$/d' | tail -n 1; }

# The status of a stack, or "none".
stack_status() { # stack_status NAME_OR_ID
  local said
  if said="$(aws cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' --output text 2>&1)"; then
    printf '%s\n' "$said"
  else
    case "$said" in
      *"does not exist"*) echo none ;;
      *) die "stack $1 cannot be looked at: $(last_line "$said")" ;;
    esac
  fi
}

# An output of a stack; empty if it has none of this key.
stack_output() { # stack_output NAME KEY
  local value
  value="$(aws cloudformation describe-stacks --stack-name "$1" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue")" || return 1
  [ "$value" = None ] || printf '%s\n' "$value"
}

# The first failure of a stack's last operation: "Resource (Type): reason". The ones after it are its consequences.
stack_failure() { # stack_failure NAME_OR_ID
  aws cloudformation describe-stack-events --stack-name "$1" --output text \
    --query "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceType, ResourceStatusReason]" \
    2>/dev/null | grep -v -i 'cancelled' | tail -n 1 |
    awk -F '\t' '{ printf "%s (%s): %s\n", $1, $2, $3 }' || true
}
