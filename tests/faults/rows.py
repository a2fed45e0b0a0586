"""The faults that are injected: what is done, what users see, what is checked."""

# number -> (injected, what users see, what is checked)
ROWS: dict[int, tuple[str, str, str]] = {
    1: (
        "The database is away when the portal starts.",
        "The last picture from the disk, with since when it could not be confirmed; live 200,"
        " startup and ready 503.",
        "No process falls; the migrations run whole when the database comes; ready within 10 s.",
    ),
    2: (
        "The database stops while the portal runs.",
        "Public answers go on and say since when; writes 503, a form's text is given back;"
        " ready 503 within 5 s; the feed 200.",
        "Every write that was answered is there; the loss is in the spool and then in the log.",
    ),
    3: (
        "The database takes 5 s for every answer, then none comes at all.",
        "Public answers as fast as ever; writes 503 after 3 s.",
        "Probes answer while all connections are held; those who wait are told in the feed.",
    ),
    4: (
        "The database becomes read-only, as after a failover.",
        "Pages as ever, the panel says read-only; writes 503 that say so.",
        "Ready with a warning; writes again without a restart once it takes them.",
    ),
    5: (
        "The database's disk is full.",
        "Writes 507 that say so; pages go on.",
        "PRAGMA integrity_check says ok; writes again once there is room.",
    ),
    6: (
        "The disk of the logs is full; neither database nor spool takes an event.",
        "The service goes on; what must be on record is refused with 503.",
        "Dropped lines are counted; nothing privileged happens unrecorded.",
    ),
    7: (
        "The run directory's disk is full.",
        "Nothing on the public side; the feed 503 while it lasts.",
        "Ready stays 200, no process falls, the feed comes back.",
    ),
    8: (
        "Redis refuses connections.",
        "Nothing.",
        "Each process limits by its own memory; storage_up is 0; hits are counted.",
    ),
    9: (
        "Redis hangs (SIGSTOP).",
        "One request in a while waits 0.2 s.",
        "Many requests at once are all answered; storage_up is 1 again after SIGCONT.",
    ),
    10: ("Redis loses everything (FLUSHALL).", "A window counts anew.", "Totals do not fall."),
    11: (
        "The wall clock jumps an hour on, or back.",
        "Windows start and end by the wall clock.",
        "Scrape ages stay true, nothing is told twice, no limit lasts for ever,"
        " no session comes back to life.",
    ),
    12: (
        "The clocks change in the night of a window that comes again.",
        "Its time on the zone's own clocks, and in UTC.",
        "Instants as written by hand for both changes in four zones, and as a walk by the quarter"
        " of an hour finds them.",
    ),
    13: (
        "kill -9 of a web process while it writes.",
        "That request fails.",
        "Row, audit event and revision are there together or not at all; counters do not fall.",
    ),
    14: (
        "kill -9 of `portal serve` while it drains.",
        "Back within 10 s of the next start.",
        "Neither its port, its mark nor its figures stand in the way.",
    ),
    15: (
        "The leading worker sleeps through its lease, or dies.",
        "Its work goes on after 30 s at most.",
        "Whoever lost the lease writes nothing.",
    ),
    16: (
        "Two operators change one thing.",
        "The second is shown both versions, and keeps their own text.",
        "No change is lost; each has its audit event.",
    ),
    17: ("A POST comes twice.", "One thing, the same answer.", "Nothing is made twice."),
    18: (
        "A body of 1 GB, chunked and without a length.",
        "413 after 1 MiB, and the connection closed.",
        "Memory grows by less than 10 MB.",
    ),
    19: (
        "500 connections that send a byte now and then.",
        "Others are answered in under 500 ms.",
        "Memory grows by less than 10 MB; the slow ones are closed.",
    ),
    20: (
        "100 000 addresses, keys and origins.",
        "Nothing.",
        "Memory within its bound, totals exact, the number of series constant.",
    ),
    21: (
        "JSON that is cut, deep, doubled, not a number, not UTF-8.",
        "400 or 422 that say what is wrong.",
        "No 500, nothing stored by half.",
    ),
    22: (
        "5 000 clients poll in the second a window starts.",
        "All are answered within a second.",
        "One rendering for all of them.",
    ),
    23: (
        "A mail server that is away, hangs, refuses, puts off, or breaks off after the mail; the"
        " worker killed at random meanwhile.",
        "Publishing returns at once; what is on its way, and what was given up, with its reason.",
        "Ten thousand recipients get a notice, by the server's own log; other channels go on.",
    ),
    24: (
        "A webhook's target that leads inside, changes its mind, redirects, or never ends.",
        "Failed or put off, with the reason.",
        "Nothing inside is called, in whatever notation; 5 s and 64 KiB, then it is left.",
    ),
    25: (
        "A second scraper and a person read the feed while Prometheus is away.",
        "The panel still names the one that is missing.",
        "Every scraper has its own age; the total is the number of 200s.",
    ),
    26: (
        "A scraper with a wrong token, 1 000 times.",
        "403.",
        "Counted as rejected, the state of scrapes untouched, the right one next to it goes on.",
    ),
    27: (
        "A connection that is not given back at shutdown.",
        "Ready 503, exit 1.",
        "`database.connection.shutdown_failed` is readable after the restart.",
    ),
    28: (
        "SIGTERM twice; SIGTERM during the start.",
        "It stops.",
        "The forced end is on record; the next start is whole.",
    ),
    29: (
        "The WAF's refusals come from an operator's or a proxy's own address.",
        "Whoever is signed in keeps the panel.",
        "Trusted addresses are never blocked; `portal block remove` works without the web.",
    ),
    30: (
        "A row of the audit log altered, removed, inserted; a database put back from a backup.",
        "`portal audit verify` names the first bad event.",
        "The restored log marks the gap.",
    ),
    31: (
        "A worker's reports stop.",
        "Status -1 and an alert.",
        "What it last said is kept; ready as long as it is not required.",
    ),
    32: (
        "A window starts and ends while the portal is down.",
        "The first page is right.",
        "Nothing has to catch up: what is shown follows from the times.",
    ),
    33: (
        "kill -9 of the worker that sends 120 mails, with another beside it.",
        "The rest of the mails within a minute.",
        "At most one mail a connection comes twice, with the same Message-ID; what the dead one"
        " held counts as stuck.",
    ),
    34: (
        "A second `portal serve` on the port or the data folder; a stranger on the port.",
        "The first goes on; the second says why in one sentence and ends with 1.",
        "The first stays ready and answers every request; what was killed is not in the way.",
    ),
    36: (
        "A page of another site holds twelve pictures of attack paths, and somebody reads it.",
        "The status page as before.",
        "No block; all twelve are refused and counted.",
    ),
    37: (
        "One client behind a real nginx: 100 wrong passwords, 100 subscriptions, 1 000 attacks.",
        "Everybody else as before; only that client is slowed, and can still read the page.",
        "One block, of that client; the operator signs in from a new place meanwhile.",
    ),
    38: (
        "Alertmanager sends an alert with a null, a huge text, a year 1, a NUL, no fingerprint, and"
        " 900 at once.",
        "Every alert that can be read.",
        "200 with what was skipped; nothing else of the delivery is lost.",
    ),
    39: (
        "The end of an alert never comes.",
        "It lapses and says so, or an operator ends it; the component recovers.",
        "Both are in the audit log.",
    ),
    40: (
        "Nothing changes for minutes, and every answer is a 304.",
        "A fresh page, as old as the last answer.",
        "No notice of an old page while answers come, in a real browser.",
    ),
    41: (
        "Thousands of windows, most of them far ahead, with one that runs now.",
        "What runs now and what comes next.",
        "The same answers as a slow walk over all rows.",
    ),
    42: (
        "A pair of Prometheus stops, while a person reads the feed every minute.",
        "Both are named as away.",
        "Only a scraper itself resets its age.",
    ),
    43: (
        "One form is sent twice at the same moment.",
        "The same answer twice.",
        "One row, one notice.",
    ),
    44: (
        "HEAD and OPTIONS are sent to every route.",
        "What GET answers, without its body.",
        "No row of any table changes.",
    ),
}
# Faults of parts that are not there yet, with the reason.
WAITING: dict[int, str] = {}
