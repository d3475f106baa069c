"""Names under which workflows and activities are registered and scheduled. A name that has run in production never changes."""

TURN = "TurnWorkflow"
TASK_PROCESSING = "TaskProcessingWorkflow"
UNDO = "UndoWorkflow"

OPEN_TASK = "validate_and_create_task"
ASSIGN_TASK = "assign_task"
SET_REMINDER = "set_deadline_reminder"
NOTIFY_ASSIGNEE = "notify_assignee"
UNDO_ASSIGN = "undo_assign"
UNDO_REMINDER = "undo_deadline_reminder"
RECORD_RESULT = "record_result"

GENERATE = "generate"
RUN_TOOLS = "run_tools"
FAIL_TURN = "fail_turn"
PUBLISH_EVENTS = "publish_events"

BEGIN_UNDO = "begin_undo"
UNDO_TASK = "undo_task"
END_UNDO = "end_undo"
