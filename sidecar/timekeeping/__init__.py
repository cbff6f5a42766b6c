"""Time as the statutes count it: working days with make-up days, where a limit begins and ends, what stops the clock.

Instants are aware and in the zone in which the statutes count days; a period is half-open, from its first instant up to and
without its end, so that "late" means exactly "not before the end".

  * A limit in days, months or years begins the day after the event (民法典 201 ☐) and ends with its last day; of months and
    years that is the corresponding day, or the last of the month where there is none (民法典 202 ☐).
  * A last day of rest moves to the next working day (民法典 203 ☐). Who counts otherwise says so in `Counting`.
  * A limit in hours runs from the minute of the event, through nights and holidays.
  * What the law takes out of a limit (特别程序: 行政许可法 45, 行政强制法 25) are spans: the day a span begins on is out, the day
    it ends on counts again.

A year without a calendar counts every Monday to Friday as a working day: wrong by a few days, and said by `knows`.
"""
