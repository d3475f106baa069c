"""The words the demo model knows. Only tables; what they mean for a request is said where they are used."""


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.split("|") if phrase.strip())


STATUSES = ("pending", "assigned", "in_progress", "overdue", "completed", "cancelled")
FINAL = frozenset({"completed", "cancelled"})

STATUS_WORDS = {
    "pending": "pending",
    "unassigned": "pending",
    "assigned": "assigned",
    "in progress": "in_progress",
    "in_progress": "in_progress",
    "in-progress": "in_progress",
    "started": "in_progress",
    "running": "in_progress",
    "ongoing": "in_progress",
    "overdue": "overdue",
    "late": "overdue",
    "past due": "overdue",
    "completed": "completed",
    "complete": "completed",
    "done": "completed",
    "finished": "completed",
    "closed": "completed",
    "resolved": "completed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "dropped": "cancelled",
}

# A sentence that starts with one of these says something to do, although nobody is named.
TASK_VERBS = frozenset(
    """
    abort add address adjust analyse analyze answer approve arrange ask assemble audit back backup bake begin benchmark
    book bring build buy call change check clean close collect compare compile complete compose configure confirm contact
    continue convert cook coordinate copy count cover create cut debug decide define delete deliver deploy describe design
    document download draft draw drop edit email enable escalate estimate evaluate examine explain explore export extend
    extract feed fetch file fill finalise finalize find finish fix follow format gather generate get give go hire host
    implement import improve inform inspect install integrate interview investigate invite invoice join kill launch lead
    learn light look mail maintain make measure meet merge message migrate monitor move negotiate notify onboard optimise
    optimize order organise organize paint patch pay phone pick ping place plan post practice prepare present print
    process produce profile proofread propose prototype provide publish pull purchase push put read rebase rebuild
    reconcile record redesign redo reduce refactor refresh refund register release remind remove rename renew repair
    replace reply report request research reserve reset resolve respond restart restore resume return reverse review
    revise rewrite roll rotate run scan schedule scrap secure sell send set share ship show sign sort speak split start
    stop study submit summarise summarize supply switch sync take talk teach tell test tidy track train translate triage
    try tune turn unblock update upgrade upload validate verify visit walk wash watch water welcome win work wrap write
    """.split()
)

# Never a person, and never a new person: somebody mentioned before, or nobody in particular.
PERSON_PRONOUNS = frozenset({"he", "she", "him", "her", "they", "them"})
NOBODY = frozenset({"someone", "somebody", "anyone", "anybody", "we", "us", "people", "whoever"})
MYSELF = frozenset({"me", "myself", "i", "i'll"})
NOT_A_NAME = frozenset(
    """
    a all also an and any are be been but by can could did do does done due either else every everything for from give has
    have he how i if in into is it it's its let list mark may me might more must my myself need needs no none not nothing
    of off on one or our please reminder she should show so some status task tasks than thank that that's the their then
    there these they thing things this those to todo too until was were what what's when where which who why will with
    would yes you your
    """.split()
)

DROP = _phrases(
    """
    nobody|no one|no-one|none|no|nope|never mind|nevermind|nvm|forget it|forget about it|forget that|drop it|
    skip it|skip|leave it|stop|cancel|cancel that|cancel it|no thanks|no thank you|nothing|don't bother|let it go|
    abort|don't|not needed|neither|none of them
    """
)

ORDINALS = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "fifth": 5,
    "5th": 5,
    "sixth": 6,
    "6th": 6,
    "seventh": 7,
    "7th": 7,
    "eighth": 8,
    "8th": 8,
    "ninth": 9,
    "9th": 9,
    "tenth": 10,
    "10th": 10,
    "last": -1,
    "final": -1,
}
NEWEST = frozenset({"latest", "newest", "most recent", "last created", "last added", "just created", "new"})
SINGULAR = _phrases(
    """
    it|that|this|that one|this one|that task|this task|the task|that thing|this thing|the same|the same task|
    that reminder|my task|the one|the task you just created|the task you created|the work|his task|her task|
    their task|the job|that job|task
    """
)
PLURAL = frozenset(
    {"them", "both", "both of them", "these", "those", "these tasks", "those tasks", "both tasks", "the two", "them both"}
)
EVERY = _phrases(
    """
    all|everything|all tasks|all the tasks|all my tasks|all of my tasks|all of them|them all|every task|
    all of the tasks|all these|all those|my tasks|the tasks|all open tasks|all my open tasks|all of these|
    all of those|all of these tasks|the whole list
    """
)

# Words that say nothing about which task is meant.
FILLER = frozenset(
    """
    a about again also an and any at by called created entry for from her his in is it item its job just latest my named
    new now of off on one one's ones our please reminder stuff task tasks that the their them thing this ticket titled to
    today todo up with work your
    """.split()
)
