"""The one file that says what follows what. Read it top to bottom and you know every arrow of the house.

A follower may live on any floor: facts travel up and down, calls only down. `outside` followers talk to the world.
"""

from ledger.flow import Flow, Timer

FLOWS: tuple[Flow, ...] = (
    # a voice came in → understand it → is it a complaint? → its ticket
    Flow("feedback.received", "feedback.tasks.analyse_received", queue="analysis", batch=1),
    Flow("feedback.analysed", "complaints.tasks.judge_analysed", queue="tickets", batch=1),
    Flow("triage.continued", "complaints.tasks.judge_analysed", queue="tickets", batch=1),
    # a complaint → straight to the executives; accepted by the first channel, the clause is met
    Flow("complaint.opened", "alerts.tasks.complaint_opened", queue="notices"),
    Flow("complaint.moved", "alerts.tasks.complaint_moved", queue="notices"),
    Flow("notice.accepted", "complaints.tasks.notice_accepted", queue="notices"),
    # a promise used half its time, three quarters, all of it, and more → the ladder
    Flow("promise.escalated", "alerts.tasks.promise_escalated", queue="notices"),
    # a notice → mail
    Flow("notice.created", "alerts.tasks.mail", queue="mail", outside=True),
)

TIMERS: tuple[Timer, ...] = (
    Timer(
        "promises",
        organisations="complaints.tasks.due_organisations",
        run="complaints.tasks.sweep_organisation",
        next_at="complaints.tasks.next_fire_at",
    ),
    Timer("roll-ups", organisations="metrics.tasks.due_organisations", run="metrics.tasks.fold"),
)
