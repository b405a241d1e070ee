"""The search keeps no personal data: rows that hold some, or characters that nobody sees, are made anew.

Only those are read again: by what was analysed, and where the words hold an @ or six digits or numerals.
"""

import json

from django.db import migrations

from feedback import masking
from feedback.nlp.folding import UNSEEN
from feedback.search_form import bare_form

SUSPECTS = r"""
select t.feedback_id, t.body, f.text, a.pii::text
from feedback_searchtext t
join feedback_feedback f on f.organisation_id = t.organisation_id and f.id = t.feedback_id
left join feedback_analysis a on a.organisation_id = t.organisation_id and a.feedback_id = t.feedback_id and a.is_current
where t.feedback_id > %s and (a.pii <> '[]'::jsonb or t.body like '%%@%%' or f.text ~ %s
      or t.body ~ '([0-9〇○零一二三四五六七八九幺壹贰叁参肆伍陆柒捌玖][^0-9〇○零一二三四五六七八九幺壹贰叁参肆伍陆柒捌玖]{0,3}){6}')
order by t.feedback_id limit 2000
"""
WRITE = """
update feedback_searchtext t set body = made.body
from (select unnest(%s::uuid[]) as key, unnest(%s::text[]) as body) made where t.feedback_id = made.key
"""


def cover(apps, schema_editor):
    """In turns of two thousand, by key."""
    last = "00000000-0000-0000-0000-000000000000"
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(SUSPECTS, [last, UNSEEN.pattern])
            rows = cursor.fetchall()
            if not rows:
                return
            last = str(rows[-1][0])
            made = [(str(key), body, _bare(text, pii)) for key, body, text, pii in rows]
            changed = [(key, new) for key, body, new in made if new != body]
            cursor.execute(WRITE, [[key for key, _ in changed], [new for _, new in changed]])


def _bare(text, pii):
    spans = masking.personal(text, json.loads(pii) if pii else None)
    return bare_form(text, [(span.start, span.end) for span in spans])


class Migration(migrations.Migration):
    """Runs as the migrating role, which sees every organisation."""

    dependencies = [("feedback", "0024_whole_runs_and_main_topics")]

    operations = [migrations.RunPython(cover, migrations.RunPython.noop)]
