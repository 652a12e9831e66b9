/run/serve cache=none 'cd /tmp/mnt && time prove -r /run/pjd/tests/chmod/12.t /run/pjd/tests/chmod/00.t /run/pjd/tests/open/03.t /run/pjd/tests/utimensat'
