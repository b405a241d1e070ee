"""The one file that says what follows what. Read it top to bottom and you know every arrow of the house.

A follower may live on any floor: facts travel up and down, calls only down. `outside` followers talk to the world.
"""

from integrations.public_facts import KINDS
from ledger.flow import Flow, Pump, Timer

FLOWS: tuple[Flow, ...] = (
    # a voice came in → understand it → is it a complaint? → its ticket
    Flow("feedback.received", "feedback.tasks.analyse_received", queue="analysis", batch=1, joint=True),
    Flow("feedback.analysed", "complaints.tasks.judge_analysed", queue="tickets", batch=1, joint=True),
    # a voice praises somebody → he hears of it, and his store manager
    Flow("feedback.analysed", "alerts.tasks.praised", queue="notices", batch=1, joint=True),
    # a person's first word on a voice that waited for it → whom it praises hears of it now
    Flow("feedback.classified", "alerts.tasks.praised", queue="notices", batch=1, joint=True),
    # an organisation's first voice → its topics are watched
    Flow("feedback.analysed", "alerts.tasks.heard", queue="notices", batch=200, joint=True),
    # the language-model provider, where an organisation has one, is asked about it → its ticket follows, as after a correction
    Flow("feedback.analysed", "feedback.tasks.pick_for_provider", queue="provider", batch=1, joint=True),
    Flow("language_model.due", "feedback.tasks.language_model", queue="provider_ask", outside=True, lease_seconds=180),
    Flow("feedback.relabelled", "complaints.tasks.voice_corrected", queue="tickets"),
    Flow("triage.continued", "complaints.tasks.judge_analysed", queue="tickets", batch=1, joint=True),
    # a person corrected a label → the topics of its ticket; is it a complaint after all?
    Flow("feedback.corrected", "complaints.tasks.voice_corrected", queue="tickets"),
    # a list of points has an owner → once a day he hears what came to it
    Flow("point_route.owned", "alerts.tasks.points_owned", queue="notices"),
    # an employee contests a voice → managers besides himself; decided → he hears of it; upheld → its ticket names nobody
    Flow("appeal.made", "alerts.tasks.appeal_made", queue="notices"),
    Flow("appeal.decided", "alerts.tasks.appeal_decided", queue="notices"),
    Flow("feedback.staff_removed", "complaints.tasks.voice_lost_staff", queue="tickets"),
    # the taxonomy changed → history is read anew, slice by slice
    Flow("taxonomy.saved", "feedback.tasks.relabel", queue="relabel", batch=1),
    Flow("relabelling.continued", "feedback.tasks.relabel", queue="relabel", batch=1),
    # a person asks for a model of their own → trained label by label
    Flow("own_model.asked", "feedback.tasks.train_own_model", queue="relabel", batch=1),
    Flow("own_model.continued", "feedback.tasks.train_own_model", queue="relabel", batch=1),
    # a file → part by part; a mailbox → its mails → an answer on a ticket or a new voice
    Flow("import.continued", "feedback.tasks.import_continued", queue="imports", batch=1),
    Flow("mailbox.due", "feedback.tasks.mailbox", queue="mailboxes", outside=True),
    Flow("mail.kept", "complaints.tasks.mail_kept", queue="tickets"),
    # a complaint → straight to the executives; accepted by the first channel, the clause is met
    Flow("complaint.opened", "complaints.tasks.assign_opened", queue="tickets", batch=5),
    Flow("complaint.opened", "alerts.tasks.complaint_opened", queue="notices"),
    Flow("complaint.moved", "alerts.tasks.complaint_moved", queue="notices"),
    # solved → the customer has an event, and a survey may ask how it was
    Flow("complaint.moved", "complaints.tasks.solved", queue="tickets", batch=20),
    Flow("notice.accepted", "complaints.tasks.notice_accepted", queue="notices"),
    # a promise used half its time, three quarters, all of it, and more → the ladder
    Flow("promise.escalated", "alerts.tasks.promise_escalated", queue="notices"),
    # a colleague named in a note → a notice
    Flow("ticket.mentioned", "alerts.tasks.ticket_mentioned", queue="notices"),
    # a ticket offered to another unit, answered, or not answered in time → the receivers, the giver, the receiver's managers
    Flow("handover.moved", "alerts.tasks.handover_moved", queue="notices"),
    # a ticket hangs on another → the other's timeline; words on an incident's parent → every child's customer
    Flow("ticket.linked", "complaints.tasks.ticket_linked", queue="tickets"),
    Flow("incident.replied", "complaints.tasks.incident_replied", queue="bulk", batch=1),
    # a customer is to be tried again → whose ticket it is
    Flow("contact.due", "alerts.tasks.contact_due", queue="notices"),
    # an offer above its maker's authority → who may say yes → who asked
    Flow("approval.asked", "alerts.tasks.approval_asked", queue="notices"),
    Flow("approval.waited", "alerts.tasks.approval_waited", queue="notices"),
    Flow("approval.decided", "alerts.tasks.approval_decided", queue="notices"),
    # a reflection is signed → its action above, linked back; did an earlier prevention not hold? → reopened, its owner told
    Flow("reflection.signed", "improvement.tasks.reflection_signed", queue="tickets"),
    Flow("reflection.signed", "complaints.tasks.reflection_signed", queue="tickets"),
    Flow("reflection.acted", "complaints.tasks.reflection_acted", queue="tickets"),
    Flow("prevention.done", "complaints.tasks.prevention_done", queue="tickets"),
    Flow("cause.recurred", "improvement.tasks.cause_recurred", queue="tickets"),
    Flow("cause.recurred", "alerts.tasks.cause_recurred", queue="notices"),
    # next year's holidays are not known → the administrators
    Flow("calendar.unfilled", "alerts.tasks.calendar_unfilled", queue="notices"),
    # one move on many tickets → slice by slice
    Flow("bulk.sliced", "complaints.tasks.bulk_sliced", queue="bulk", batch=1),
    # a hold lasted as long as it may → the clocks run on, and the ticket says so
    Flow("hold.expired", "complaints.tasks.hold_expired", queue="tickets"),
    # a calendar, or the hours a unit keeps, changed → the open clocks it reaches, slice by slice
    Flow("calendar.changed", "complaints.tasks.hours_changed", queue="recompute", batch=1),
    Flow("hours.changed", "complaints.tasks.hours_changed", queue="recompute", batch=1),
    Flow("promises.retimed", "complaints.tasks.hours_changed", queue="recompute", batch=1),
    # a policy's new version is to hold for open tickets too → each of them, slice by slice
    Flow("policy.reapplied", "complaints.tasks.policy_reapplied", queue="tickets", batch=1),
    # a person is asked to join → mail
    Flow("member.invited", "tenancy.tasks.invitation", queue="mail", outside=True),
    # a notice → one channel after the other until one takes it
    Flow("notice.due", "alerts.tasks.deliver", queue="mail", outside=True),
    Flow("notice.lost", "alerts.tasks.lost", queue="mail", outside=True),
    # something happened to a customer → is he asked about it, and why not → when its time has come, a mail
    Flow("customer.event_received", "surveys.tasks.event_received", queue="surveys", batch=1),
    Flow("survey.invitation_due", "surveys.tasks.mail", queue="survey_mail", outside=True),
    # two customers are one, or are two again after all → what each app keeps of them changes hands
    Flow("customer.merged", "feedback.tasks.customer_merged", queue="tickets"),
    Flow("customer.merged", "complaints.tasks.customer_merged", queue="tickets"),
    Flow("customer.merged", "surveys.tasks.customer_merged", queue="tickets"),
    # an answer that asks to be called → somebody owes a call
    Flow("survey.contact_asked", "complaints.tasks.contact_asked", queue="tickets"),
    # what the outside may hear of → a durable row for every webhook endpoint that asked for it
    *(Flow(kind, "integrations.tasks.fan_out", queue="webhooks", batch=200, joint=True) for kind in KINDS),
    # an endpoint was given up, or a message to it → the administrators → mail
    Flow("webhook.disabled", "integrations.tasks.warn", queue="notices"),
    Flow("webhook.dead", "integrations.tasks.warn", queue="notices"),
    Flow("webhook.warned", "integrations.tasks.mail", queue="mail", outside=True),
    # our words on a ticket → a letter to a customer who wrote by mail
    Flow("complaint.moved", "alerts.tasks.letter", queue="mail", outside=True),
    # Monday 07:00 → a frozen report per scope → a copy per reader → mail
    Flow("report.requested", "reports.tasks.issue_requested", queue="reports", batch=1),
    Flow("report.copied", "reports.tasks.mail", queue="mail", outside=True),
)

TIMERS: tuple[Timer, ...] = (
    Timer(
        "promises",
        organisations="complaints.tasks.due_organisations",
        run="complaints.tasks.sweep_organisation",
        next_at="complaints.tasks.next_fire_at",
    ),
    # a ticket offered to another unit that did not answer in its own time → told upwards
    Timer(
        "handovers",
        organisations="complaints.tasks.offering_organisations",
        run="complaints.tasks.escalate_offers",
        next_at="complaints.tasks.next_offer_at",
    ),
    # a customer who was to be tried again → whose ticket it is
    Timer(
        "contacts",
        organisations="complaints.tasks.contacting_organisations",
        run="complaints.tasks.remind_of_contacts",
        next_at="complaints.tasks.next_contact_at",
    ),
    # an offer above its maker's authority that waits for ten minutes → the next who may say yes
    Timer(
        "approvals",
        organisations="complaints.tasks.waiting_organisations",
        run="complaints.tasks.ask_again",
        next_at="complaints.tasks.next_asking_at",
    ),
    # a level that nobody acknowledged → told again; executives who do not read → the next rung
    Timer("rings", organisations="alerts.tasks.ringing_organisations", run="alerts.tasks.ring", next_at="alerts.tasks.next_ring_at"),
    # what waited to go together → sent; what nobody took in two minutes → the next channel, the deputy, the next rung
    Timer("hops", organisations="alerts.tasks.hopping_organisations", run="alerts.tasks.hop", next_at="alerts.tasks.next_hop_at"),
    Timer(
        "surveys",
        organisations="surveys.tasks.due_organisations",
        run="surveys.tasks.sweep",
        next_at="surveys.tasks.next_at",
    ),
    Timer("roll-ups", organisations="metrics.tasks.due_organisations", run="metrics.tasks.fold"),
    Timer("mailboxes", organisations="feedback.tasks.mailboxes_due", run="feedback.tasks.ask_mailboxes"),
    Timer("language models", organisations="feedback.tasks.language_models_due", run="feedback.tasks.ask_language_model"),
    # sixty days before a calendar's holidays end → the administrators
    Timer("holidays", organisations="tenancy.tasks.unwatched_organisations", run="tenancy.tasks.look_at_calendars"),
    # a day, week or month is complete → the metric rules on it → alerts
    Timer("metric alerts", organisations="alerts.tasks.watching_organisations", run="alerts.tasks.watch"),
    # every quarter of an hour: a topic far above its weeks before → a burst, and who is told
    Timer("bursts", organisations="alerts.tasks.bursting_organisations", run="alerts.tasks.look_for_bursts"),
    # nine o'clock: points that came to a list → its owner
    Timer("lists of points", organisations="alerts.tasks.digesting_organisations", run="alerts.tasks.tell_of_points"),
    Timer("actions", organisations="improvement.tasks.due_organisations", run="improvement.tasks.check_due"),
    Timer("weekly reports", organisations="reports.tasks.due_organisations", run="reports.tasks.begin_week"),
    # once a day what is done goes, in slices
    Timer("purge", organisations="ledger.tasks.old_organisations", run="ledger.tasks.purge_organisation"),
    Timer("purge-webhooks", organisations="integrations.tasks.old_organisations", run="integrations.tasks.purge_organisation"),
)

PUMPS: tuple[Pump, ...] = (
    # due webhook deliveries → signed, sent, retried for days, dead-lettered
    Pump("webhooks", run="integrations.tasks.send_forever"),
)
