cd /tmp/uml
timeout ${1:-120} nice ./usr/bin/linux.uml mem=900M rootfstype=hostfs rootflags=/ rw init=/tmp/uml/go2.sh con=null con0=fd:0,fd:1 quiet < /dev/null 2>&1 | grep -v SELinux
