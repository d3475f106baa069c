"""Every bound of the offline demo model. It is a program of its own, so it keeps its own file. Times in seconds."""

BODY_BYTES_MAX = 4 * 1024 * 1024  # a larger request is refused with 413
MESSAGES_MAX = 2_000  # in one request; more are refused with 400
CHARS_CONSIDERED = 4_000  # of one user message; the rest is ignored
TURNS_REMEMBERED = 30  # user messages looked back at for "it", "the last one" and open questions
FOLLOW_UPS_MAX = 4  # answers in a row that may complete one request
TOOL_ROUNDS_MAX = 4  # tool steps in one turn; after them the answer is text
CALLS_PER_STEP_MAX = 12
CLAUSES_MAX = 12  # places in one sentence where a second wish may begin
SEGMENTS_MAX = 24  # sentences and bullets read in one message
DEADLINE_WORDS_MAX = 300  # of one sentence that are searched for a deadline
TITLE_CHARS_MIN = 5  # what the task service asks for
TITLE_CHARS_MAX = 100
DESCRIPTION_CHARS_MIN = 10
DESCRIPTION_CHARS_MAX = 2_000
NAME_WORDS_MAX = 4
NAME_CHARS_MAX = 60
LIST_LIMIT = 50  # tasks asked for when a list is needed
LIST_SHOWN_MAX = 20  # tasks shown in one answer
CHANGED_AT_ONCE_MAX = 10  # tasks that "all of them" may change
COUNT_MAX = 200  # "count to 1000" stops here
QUOTED_CHARS_MAX = 300  # of a message or detail that came from a tool
DEADLINE_SECONDS_MAX = 100 * 366 * 86_400  # beyond this the words are no deadline; the service has its own, lower bound
DELAY = 0.02  # between two words of an answer
