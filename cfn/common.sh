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

# Asks before something that cannot be taken back, unless --yes was given.
ask() { # ask YES QUESTION
  [ "$1" = no ] || return 0
  [ -t 0 ] || die "$2 Say --yes to do it without being asked"
  local answer
  read -r -p "$2 [y/N] " answer
  case "$answer" in y | Y | yes) ;; *) die "nothing was done" ;; esac
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

# Runs a command in us-east-1, where what belongs to CloudFront lives.
at_edge() { # at_edge COMMAND...
  AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 "$@"
}

last_line() { printf '%s\n' "$1" | sed '/^[[:space:]]*$/d' | tail -n 1; }

# The status of a stack, or "none". A stack that was never made, only looked at (a change set that was not executed), is
# none: it has no resources, and the next deployment makes it.
stack_status() { # stack_status NAME_OR_ID
  local said
  if said="$(aws cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' --output text 2>&1)"; then
    case "$said" in REVIEW_IN_PROGRESS) echo none ;; *) printf '%s\n' "$said" ;; esac
  else
    case "$said" in
      *"does not exist"*) echo none ;;
      *) die "stack $1 cannot be looked at: $(last_line "$said")" ;;
    esac
  fi
}

# An output of a stack; empty if it has none of this key.
stack_output() { # stack_output NAME KEY
  stack_value "$1" "Outputs[?OutputKey=='$2'].OutputValue | [0]"
}

# A parameter of a stack as it was deployed; empty if there is no such stack or parameter.
stack_parameter() { # stack_parameter NAME KEY
  stack_value "$1" "Parameters[?ParameterKey=='$2'].ParameterValue | [0]" 2>/dev/null || true
}

stack_value() { # stack_value NAME QUERY
  local value
  value="$(aws cloudformation describe-stacks --stack-name "$1" --output text --query "Stacks[0].$2")" || return 1
  [ "$value" = None ] || printf '%s\n' "$value"
}

# The first failure of a stack's last operation: "Resource (Type): reason". The ones after it are its consequences, and those
# of earlier operations are history. Events come with the newest first; the operation began where its first IN_PROGRESS of
# the stack itself is.
stack_failure() { # stack_failure NAME_OR_ID
  aws cloudformation describe-stack-events --stack-name "$1" --output text \
    --query "StackEvents[].[LogicalResourceId, ResourceType, ResourceStatus, ResourceStatusReason]" 2>/dev/null |
    awk -F '\t' '
      over { next }
      $3 ~ /FAILED/ && tolower($4) !~ /cancelled/ { first = $1 " (" $2 "): " $4 }
      $2 == "AWS::CloudFormation::Stack" && $3 ~ /^(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/ { over = 1 }
      END { if (first != "") print first }' || true
}

# Whether the bucket is there and this account's. Bucket names are everybody's: a name that can be foretold may have been
# taken by somebody who waits for our code. `aws cloudformation package` and `aws s3` cannot be told whose the bucket must be,
# so this is asked right before each of them; a bucket that is ours cannot become another's while it exists.
own_bucket() { # own_bucket NAME
  local said
  if said="$(aws s3api head-bucket --bucket "$1" --expected-bucket-owner "$account" 2>&1)"; then
    return 0
  fi
  case "$said" in
    *404* | *"Not Found"*) return 1 ;;
    *403* | *Forbidden*) die "bucket $1 is not this account's, or may not be used. Nothing is sent there; name another one with --bucket" ;;
    *) die "bucket $1 cannot be used: $(last_line "$said")" ;;
  esac
}
