"""Every bound of the system, in one place. Sizes in bytes, times in seconds, unless the name says otherwise.

A bound that is reached gives a clear error whose code is named beside it.
"""

# Requests
REQUEST_BODY_BYTES_MAX = 512 * 1024  # 413 body_too_large
HISTORY_BODY_BYTES_MAX = 4 * 1024 * 1024  # the same, of wires whose clients post their whole history with each message
THREAD_SHOWN_BYTES_MAX = HISTORY_BODY_BYTES_MAX // 2  # of stored turns, newest, to such a client
MESSAGE_BYTES_MAX = 256 * 1024  # 413 message_too_large; checked before tokens are counted
FAULTS_TOLD_MAX = 5  # faults of one request or call that its refusal names
FAULTS_TOLD_CHARS_MAX = 1_000  # of them all
NAME_TOLD_CHARS_MAX = 64  # of a name the caller made up

# Conversation
MAX_HISTORY = 10  # exchanges the model sees; the store keeps more
TOKEN_BUDGET = 16_000  # tokens of context, the answer not included
CONTEXT_BUDGET_KEPT_SECONDS = 3_600.0  # a smaller budget, after the endpoint refused a context as too long
TURNS_KEPT_MAX = 1_000  # per conversation; the oldest are deleted
QUEUE_MAX = 8  # turns waiting behind the running one; 429 queue_full
ADMISSIONS_REMEMBERED_MAX = 32  # newest submissions whose repeated delivery is recognised
IDEMPOTENCY_KEYS_MAX = 2_000  # per conversation, two for each message of AG-UI; 429 too_many_keys
IDEMPOTENCY_KEY_SECONDS = 86_400  # none younger is forgotten
IDEMPOTENCY_KEY_CHARS_MAX = 255  # 400 bad_idempotency_key
ALTERNATIVES_MAX = 8  # former answers of one message; 409 too_many_alternatives
HISTORY_PAGE_DEFAULT = 20
HISTORY_PAGE_MAX = 100
CONTEXT_TURNS_LISTED_MAX = 100  # turns that GET /context lists, newest; older ones are counted in one line
CONVERSATION_NAME_BYTES = 16  # of chance in the name of one that its client did not name
CLEAR_BATCH = 100  # turn keys deleted per save after a clear

# Turn
TURN_STEPS_MAX = 8  # model calls that may be committed in one turn; turn.failed steps_exhausted
TURN_ATTEMPTS_MAX = 8  # attempts in a row that ended without a word and without progress; turn.failed recovery_exhausted
ATTEMPTS_APART = 1.0  # seconds; closer ones count as one: nothing that dies of a turn is replaced as fast
HANDED_OVER_EPOCHS_MAX = 64  # epochs of a turn up to which being handed over by a process that stops is no sign against it
CUT_OFF_MAX = 8  # cancelled turns in a row whose shown text the next one waits for
ATTEMPTS_KEPT_MAX = 100  # newest attempts that a turn's record tells of
MODEL_ATTEMPTS_MAX = 4  # calls of the endpoint for one step; then turn.failed with the last code
MODEL_BACKOFF_FIRST = 0.5
MODEL_BACKOFF_FACTOR = 2.0
MODEL_BACKOFF_MAX = 15.0
MODEL_RETRY_AFTER_MAX = 30.0  # a longer Retry-After is cut to this
MODEL_CIRCUIT_FAILURES = 5  # of calls in a row: the endpoint counts as down; more than one turn alone can make in a step
MODEL_CIRCUIT_PAUSE = 3.0  # until one call finds out whether it is back; model_unavailable for the others
MODEL_CONNECT_TIMEOUT = 5.0
MODEL_STALL_TIMEOUT = 30.0  # no chunk of an answer for this long: model_stalled
MODEL_STEP_TIMEOUT = 300.0  # one model call as a whole: model_timeout
MODEL_TRAILER_TIMEOUT = 1.0  # for usage and [DONE] once the answer is whole
MODEL_DRAIN_TIMEOUT = 0.1  # for the end of the body after [DONE]; reading it lets the connection be used again
MODEL_KEEP_ALIVE = 4.0  # under the usual server's 5: a busy loop must not meet a connection that was just closed
ANSWER_BYTES_MAX = 256 * 1024  # text of one step; turn.failed answer_too_large
TOOL_CALLS_PER_STEP_MAX = 16  # turn.failed too_many_tool_calls
TOOL_ARGUMENTS_BYTES_MAX = 32 * 1024
ARGUMENTS_DEPTH_MAX = 32  # of those shown as JSON and not as text; encoders stop at 254, all that is around them included
WIRE_NAME_CHARS_MAX = 64  # of it, when it is sent back: OpenAI takes no longer one
TOOL_NAME_CHARS_MAX = 128  # of a tool the model asks for; model_nonsense
PROVIDER_ID_CHARS_MAX = 256  # of a tool call; in the place of a longer one we make our own
USAGE_TOKENS_MAX = 1_000_000_000  # that one answer may say it took; a report beyond it is none
TOOL_RESULT_BYTES_MAX = 16 * 1024  # longer results are truncated with a marker
MODEL_LINE_BYTES_MAX = 1024 * 1024  # one line of the endpoint's stream; model_nonsense
MODEL_ERROR_BODY_BYTES_MAX = 64 * 1024  # read of an error answer
MODEL_ERROR_QUOTED_CHARS_MAX = 200  # of it, told to the user
TOKEN_COUNTS_KEPT_MAX = 256  # with the bound on each text, some 8 MB
TOKEN_COUNTS_KEPT_CHARS_MAX = 16 * 1024
TOOL_LIST_MAX = 50  # tasks one tool call may list: more would only fill the context
TOOL_TIMEOUT = 30.0
TASK_OUTCOME_WAIT = 6.0  # create_task waits this long for its workflow, then says "still running"
WORKFLOW_FORGOTTEN_AFTER = 60.0  # without a change of a running task or undo workflow: longer than any step, and any pause
TASK_END_WAIT = 5  # for the end of such a one, before it is begun anew
TASK_PROGRESS_FIRST = 0.1  # looks at that workflow meanwhile; most have ended by then
TASK_PROGRESS_FACTOR = 1.5
TASK_PROGRESS_MAX = 0.5
TOOL_PROGRESS_MAX = 16  # tool.progressed events of one run of a call; what comes after them is told by tool.returned
UNDO_STARTS_MAX = 5  # workflow instances of one undo; then it has failed
TURN_STALE_AFTER = 5.0  # a running turn without progress for this long is healed on sight
TURN_FORGOTTEN_AFTER = 45.0  # longer than any pause between attempts: without a beat the engine has forgotten the turn
TURN_UNBEGUN_AFTER = 12.0  # the same where no attempt has begun yet; doubled for each start in vain, lest load makes more load

# TurnLog, feed and streams
PING_INTERVAL = 10.0
HEARTBEAT = 5.0  # a follower that hears nothing for this long asks the ChatActor
OPEN_LOG_WAIT = 0.25  # for the ChatActor, by who comes back to an open log; then the log is told without it
BEAT_INTERVAL = 0.5  # of an attempt at a step, which may have nothing to write for long
ATTEMPT_LOOK_INTERVAL = 5.0  # of an attempt, at whether its turn goes on: who cancelled it may have died before closing its log
BEAT_KEPT = 2.0  # for this long one is heard
BEATS_MISSED_MAX = 4  # looks in a row, one every BEAT_INTERVAL, without a beat: the attempt is dead, and the step done again
LOG_ENTRIES_MAX = 20_000  # per turn
SEQUENCE_NUMBER_MAX = 2**53 - 1  # of the Responses API's events: the largest that every client has exactly
NUMBERS_PER_EPOCH = 1_000_000  # of those: more than a log has, and 2,000 epochs' fit into 32 bits
LOG_CLOSED_KEPT_MAX = 500  # closed logs kept in memory
LOG_CLOSED_KEPT_SECONDS = 600.0
FEED_ENTRIES_MAX = 500  # per user
FEED_USERS_MAX = 1_000
FEED_TEXT_BYTES_MAX = 2 * 1024  # of a message or an answer in one entry; the topic has it whole
RECORD_RETRY = 1.0  # seconds until a follower that needs what is stored, and cannot have it, asks again
FOLLOWER_STALL_TIMEOUT = 30.0  # a reader that takes nothing for this long is cut off; it can resume
SEND_BUFFER_BYTES = 128 * 1024  # of the system, per connection: what a reader may be behind before its frames wait with us
REPLICA_NAME_CHARS_MAX = 253  # as of a pod
SHUTDOWN_GRACE = 5.0  # at most, for streams and steps under way; what is not done then is handed over as after a crash
CHANNEL_GRACE = 2  # for calls of actors under way

# Tasks
TITLE_CHARS_MIN = 5  # workflow ends rejected
DESCRIPTION_CHARS_MIN = 10  # workflow ends rejected
TITLE_CHARS_MAX = 200
DESCRIPTION_CHARS_MAX = 8_000
ASSIGNEE_CHARS_MAX = 128
DEADLINE_SECONDS_DEFAULT = 3_600
DEADLINE_CHARS_MAX = 64  # of a deadline as text
DEADLINE_SECONDS_MAX = 5 * 365 * 86_400  # five years; 422 bad_deadline
TASK_HISTORY_MAX = 100  # changes kept per task
TASK_KEYS_MAX = 64  # idempotency keys kept per task
TASK_DELIVERIES_MAX = 64  # newest changes by people, per task, whose repeated delivery is recognised
TASK_OUTBOX_MAX = 32
TASK_ANNOUNCED_KEPT_MAX = 64  # ids of events known to be announced, per activation
TASK_ANNOUNCE_TIMEOUT = 2.0  # for all events of one call; well below ACTOR_CALL_TIMEOUT
TASK_ANNOUNCE_PAUSE = 5.0  # after a failed publish: not every touch of the actor is to wait for a broken broker
TASK_REMINDER_RETRY = 5.0  # of a reminder, until the actor answers
TASK_UNDONE_TURNS_MAX = 64  # cancelled turns per task whose late calls are refused
TASKS_PAGE_DEFAULT = 20
LIST_CURSOR_CHARS_MAX = 64  # ours have at most 24
TASKS_PAGE_MAX = 100
TASKS_SCAN_MAX = 500  # tasks looked at for one page of a filtered list
TASKS_READ_AT_ONCE_MAX = 20
TASKS_CURSOR_CHARS_MAX = 64
INDEX_CHUNK = 200  # task ids per state key of the index
TASKS_PER_USER_MAX = 20_000  # 429 too_many_tasks

# Workflows
NOTIFY_ATTEMPTS_MAX = 3
NOTIFY_BACKOFF_FIRST = 1.0
NOTIFY_BACKOFF_FACTOR = 2.0
NOTIFY_TIMEOUT = 5.0
NOTIFY_HANG_MAX = 60.0  # the local target, switched to hang, lets go after this
NOTIFICATIONS_KEPT_MAX = 20_000  # by the local target, newest; a file each: 80 MB on a disk of 4 KB blocks
NOTIFICATIONS_OVER_MAX = 1_000  # more than that, of each process, until it looks and drops the oldest
PUBLISH_TIMEOUT = 5.0
ACTIVITY_ATTEMPTS_MAX = 10
ACTIVITY_BACKOFF_FIRST = 0.2
ACTIVITY_BACKOFF_FACTOR = 2.0
ACTIVITY_BACKOFF_MAX = 10.0
UNDO_ATTEMPTS_MAX = 60  # of undoing one task: with at most 10 s between them, ten minutes; then it has failed
PUBLISH_ATTEMPTS_MAX = 10_000  # with at most 30 s between them: some three days
PUBLISH_BACKOFF_MAX = 30.0
CONCURRENT_ACTIVITIES_MAX = 2_000
CONCURRENT_WORKFLOWS_MAX = 500

# Calls to the sidecar
ACTOR_CALL_TIMEOUT = 5.0  # methods answer in milliseconds: a call that takes longer hangs in a frozen replica, and is repeated
ACTOR_DRAIN_SECONDS = 0.1  # that all actors wait for calls in hand, at most, when a replica comes or goes (ADR 0009)
HAND_OVER_MAX = 1.0  # seconds that a stop waits, after its grace, for actors to be told what it has cut off
ACTOR_CONNECT_TIMEOUT = 5.0
SIDECAR_RETURN_MAX = 10.0  # that the workflow worker waits for a sidecar to answer again, before the SDK makes a pause
SIDECAR_RETURN_POLL = 0.05
SIDECAR_RETURN_PROBE = 0.5  # for its first byte
CHANNEL_BACKOFF_FIRST = 0.1  # between attempts to connect to a sidecar that is away, doubled (nearly) up to the next
CHANNEL_BACKOFF_MAX = 0.5
WORKFLOW_START_MAX = 3.0  # for the start of a turn's or undo's workflow, its first run included: its actor is deaf meanwhile
WORKFLOW_LOOK_MAX = 1.5  # for a look at one; both together stay within ACTOR_CALL_TIMEOUT
WORKFLOWS_RETRY_PAUSE = 0.1
ACTOR_CONNECTIONS_MAX = 500
ACTOR_RETRY_SECONDS = 15.0  # connection refused or actor not placed yet: tried again for this long, then 503
ACTOR_RETRY_PAUSE = 0.1
DELIVERY_BYTES = 16  # of chance in the name of a request, by which its repeat is known

# Redis: TurnLog and feed of replicas
REDIS_CALL_TIMEOUT = 2.0  # a call not answered for this long: LogUnavailable (the turn goes on), and of a feed Unavailable
REDIS_CALLS_MAX = 10_000  # calls in flight per process; then LogUnavailable at once
REDIS_RETRY_FIRST = 0.05  # between attempts to connect, doubled up to the next
REDIS_RETRY_MAX = 0.5
REDIS_PING_INTERVAL = 4.0  # a listening connection that is silent for two of these is given up
REDIS_PAGE = 500  # entries a follower that is behind reads at once
REDIS_HEARD_MAX = 1_000  # entries kept for a follower that does not take them; it then reads them from the log
LOG_OPEN_KEPT_SECONDS = 86_400.0  # since the last append: a log whose turn nobody ends
FEED_KEPT_SECONDS = 86_400.0  # since the last event
