"""What the contract promises of every reply, held as strictly as a client of static types would hold it."""
import re
import uuid

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")
STATES = ["NEW", "STARTED", "UPLOADING", "PARTITIONING", "PARTITIONED", "TASKS_COMPLETED"]
STATES += ["MERGING", "MERGED", "DOWNLOADING", "COMPLETE", "FAILED"]


def text(value):
    return type(value) is str


def boolean(value):
    return type(value) is bool


def number(value):
    return type(value) in (int, float)


def integer(value):
    return type(value) is int


def string_int(value):
    return text(value) and re.fullmatch(r"-?\d+", value) is not None


def time(value):
    return text(value) and TIME.match(value) is not None


def mapping(value):
    return type(value) is dict


def unique_id(value):
    return text(value) and str(uuid.UUID(value)) == value


def nothing(value):
    return value is None


def maybe(check):
    return lambda value: value is None or check(value)


def one_of(*values):
    return lambda value: value in values


def items(check):
    return lambda value: type(value) is list and all(check(item) for item in value)


def fields(**checks):
    """An object that has at least these fields; what else it has, a client ignores."""

    def check(value):
        if type(value) is not dict:
            return False
        for name, holds in checks.items():
            if name not in value:
                raise AssertionError(f"{name} is missing in {value}")
            if not holds(value[name]):
                raise AssertionError(f"{name} is {value[name]!r}")
        return True

    return check


TEMPLATE_INFO = fields(
    id=text, owner=text, description=text, app=text, partitioner=text, assembler=text
)
DATA_SOURCE = fields(dataSourceDescriptor=text, params=maybe(mapping))
CONFIG = fields(
    taskTimeout=number,
    jobTimeout=number,
    isTestJob=boolean,
    maxTaskRetries=integer,
    allowEmpty=boolean,
    toleratedFailures=text,
)
JOB = fields(
    id=text,
    templateId=text,
    name=text,
    description=text,
    config=CONFIG,
    priority=one_of(*(f"EXECUTION_PRIORITY_{p}" for p in ("UNDEFINED", "CHEAP", "BALANCED", "FAST"))),
    state=one_of(*(f"JOB_STATE_{state}" for state in STATES)),
    createdAt=time,
    submittedAt=maybe(time),
    startedAt=maybe(time),
    endedAt=maybe(time),
    startAt=nothing,
    deletedAt=nothing,
    regions=nothing,
    dataSource=maybe(DATA_SOURCE),
    dataDestination=maybe(DATA_SOURCE),
    params=fields(preset=text, partitioner=mapping, app=mapping, assembler=mapping),
    duration=number,
    paymentAmount=number,
    numUnitsEstimation=string_int,
    numChunks=integer,
    errorMessage=text,
    stateTimestamps=mapping,
    appId=text,
    templateInfo=TEMPLATE_INFO,
    failureReason=text,
    failedChunks=integer,
    taskCounts=mapping,
)
JOB_REPLY = fields(job=JOB, templateInfo=TEMPLATE_INFO)
PAGINATION = fields(total=integer, offset=integer, hasPrevious=boolean, hasNext=boolean)
TASK = fields(
    id=text,
    jobId=text,
    kind=one_of("PARTITIONER", "APP", "ASSEMBLER"),
    state=text,
    stateTimestamps=mapping,
    chunkNumber=integer,
    attempt=integer,
    price=number,
    errorMessage=text,
    attempts=items(fields(attempt=integer, exitCode=maybe(integer), reason=text)),
)
GENERIC = fields(ok=lambda ok: ok is True, requestId=text, message=text, error=nothing)
COMPONENT = dict(
    id=unique_id,
    name=text,
    version=text,
    owner=unique_id,
    userName=text,
    status=one_of("active", "inactive"),
    hash=text,
    platform=one_of("docker"),
    platformConfig=fields(
        container=text,
        privateImage=boolean,
        username=text,
        token=lambda token: token == "",
        secrets=items(text),
    ),
    deviceRequirements=fields(minCpu=number, minMemory=number, gpu=items(text)),
    entrypoint=text,
    description=text,
    link=text,
    isPublic=boolean,
    createdAt=time,
    updatedAt=time,
)
APP = fields(revision=string_int, **COMPONENT)
ENGINE = fields(
    revision=integer, type=one_of("partitioner", "assembler"), deletedAt=nothing, **COMPONENT
)
ENGINE_MESSAGE = fields(engineId=text, engineTag=text, engineData=text, engineLink=text, engineStatus=text)
SECRET = fields(id=text, secretType=text, accessKey=text, expiresAt=maybe(time), params=mapping, name=text)
LOG_LINE = fields(log=text, timestamp=time, level=text, container=text)


def check(shape, value):
    assert shape(value), f"not what was promised: {value}"
    return value


def check_error(status, body, code):
    """The two shapes of an error that were once in use, both at once."""
    shape = fields(
        code=one_of(code),
        message=lambda message: text(message) and message != "",
        details=items(mapping),
        ok=lambda ok: ok is False,
        requestId=lambda request: text(request) and request != "",
        error=fields(code=one_of(status), message=text, description=text),
    )
    check(shape, body)
