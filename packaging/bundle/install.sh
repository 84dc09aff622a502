#!/bin/sh
# Installs, upgrades or removes baikaldoc-pos. Needs root, systemd and Python 3.11 or newer; nothing from outside.
#   ./install.sh                     install, or upgrade what is there; starts nothing anew
#   ./install.sh remove [--purge]    remove the program; --purge: configuration, journal and logs, too
# PYTHON=/path/to/python3 in the environment is taken in place of the one that it would find.
set -eu
umask 022
prefix=/opt/baikaldoc-pos
units=/usr/lib/systemd/system
share=/usr/local/share
here=$(cd "$(dirname "$0")" && pwd)
. "$here/scriptlets.sh"

remove_share() {
  rm -rf "$share/baikaldoc-pos" "$share/doc/baikaldoc-pos" "$share"/man/man1/baikaldoc-pos.1.gz \
    "$share"/man/ru/man1/baikaldoc-pos.1.gz "$share/bash-completion/completions/baikaldoc-pos" \
    "$share/zsh/site-functions/_baikaldoc-pos"
}

fail() { say "$@" >&2; exit 1; }

# The service cannot look into home directories (ProtectHome=), where pyenv and the like keep theirs.
fit='
import os, sqlite3, ssl, sys, zlib
places = map(os.path.realpath, (sys.executable, sys.base_prefix))
sys.exit(sys.version_info < (3, 11) or any(place.startswith(("/root/", "/home/", "/run/user/")) for place in places))
'
find_python() {
  for python in ${PYTHON:-/usr/bin/python3 /usr/bin/python3.?? /usr/local/bin/python3 /usr/local/bin/python3.??}; do
    if "$python" -I -c "$fit" 2>/dev/null; then return; fi
  done
  fail "нет подходящего Python: нужен 3.11 или новее, вне /root и /home, куда служба не заглядывает. Поставьте его из пакета системы или укажите: PYTHON=/путь/python3 $0" \
    "no suitable Python: it has to be 3.11 or newer, and outside /root and /home, which the service cannot look into. Install the system's package, or name one: PYTHON=/path/to/python3 $0"
}

[ "$(id -u)" = 0 ] || fail "запустите от root" "run it as root"
case "${1:-install}" in
install | upgrade)
  find_python
  say "используется $python ($("$python" -V))" "$python is used ($("$python" -V))"
  # Every file is to be in the list, and every entry of the list a file that is as it says.
  wrong=$(cd "$here" && { find . ! -type d ! -path ./SHA256SUMS -exec sha256sum {} + && sed 's|  |  ./|' SHA256SUMS; } |
    sort | uniq -u | cut -c67- | sort -u)
  [ -z "$wrong" ] || fail "архив повреждён, с SHA256SUMS не сходятся: $wrong" "the archive is damaged, these are not as in SHA256SUMS: $wrong"
  trap 'rm -rf "$prefix/lib.new"; rmdir --ignore-fail-on-non-empty "$prefix"' EXIT
  rm -rf "$prefix/lib.new"
  install -d -m 0755 "$prefix/lib.new"
  for wheel in "$here"/wheels/*.whl; do "$python" -I -m zipfile -e "$wheel" "$prefix/lib.new"; done
  chmod -R u=rwX,go=rX "$prefix/lib.new"
  rm -rf "$prefix/lib.old"
  if [ -d "$prefix/lib" ]; then mv "$prefix/lib" "$prefix/lib.old"; fi
  mv "$prefix/lib.new" "$prefix/lib"
  rm -rf "$prefix/lib.old"
  install -d -m 0755 "$prefix/bin"
  cat > "$prefix/bin/baikaldoc-pos" <<LAUNCHER
#!$python -sP
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "$prefix/lib")
from baikaldoc_pos.__main__ import main

sys.exit(main())
LAUNCHER
  chmod 0755 "$prefix/bin/baikaldoc-pos"
  ln -sf "$prefix/bin/baikaldoc-pos" /usr/local/bin/baikaldoc-pos
  remove_share
  install -d "$units" "$share"
  cp -R "$here/share/." "$share/"
  install -m 0644 "$here"/systemd/*.service "$units/"
  for kind in sysusers tmpfiles; do
    install -D -m 0644 "$here/systemd/baikaldoc-pos.$kind" "/usr/lib/$kind.d/baikaldoc-pos.conf"
  done
  systemd-sysusers baikaldoc-pos.conf
  systemd-tmpfiles --create baikaldoc-pos.conf
  for file in "$here"/config/*.json; do
    [ -e "/etc/baikaldoc-pos/$(basename "$file")" ] || install -m 0640 -g baikaldoc-pos "$file" /etc/baikaldoc-pos/
  done
  if booted; then systemctl daemon-reload; fi
  restart_running "$prefix/bin/baikaldoc-pos"
  say "установлено в $prefix. Настройте /etc/baikaldoc-pos, проверьте командой baikaldoc-pos check, затем: systemctl enable --now baikaldoc-pos" \
    "installed in $prefix. Configure /etc/baikaldoc-pos, check it by baikaldoc-pos check, then: systemctl enable --now baikaldoc-pos"
  ;;
remove)
  stop_for_good
  rm -rf "$prefix" /usr/local/bin/baikaldoc-pos "$units"/baikaldoc-pos.service "$units"/baikaldoc-pos@.service \
    "$units"/baikaldoc-pos-alert@.service /usr/lib/tmpfiles.d/baikaldoc-pos.conf
  remove_share
  if booted; then systemctl daemon-reload; fi
  if [ "${2:-}" = --purge ]; then
    for place in /etc /var/lib /var/log /run; do rm -rf "$place/baikaldoc-pos" "$place"/baikaldoc-pos@*; done
    rm -f /usr/lib/sysusers.d/baikaldoc-pos.conf
    if getent passwd baikaldoc-pos >/dev/null; then userdel baikaldoc-pos; fi
  else
    say "оставлены настройки, журнал и логи: /etc/baikaldoc-pos, /var/lib/baikaldoc-pos, /var/log/baikaldoc-pos" \
      "configuration, journal and logs stay: /etc/baikaldoc-pos, /var/lib/baikaldoc-pos, /var/log/baikaldoc-pos"
  fi
  ;;
*) fail "неизвестная команда: $1" "unknown command: $1" ;;
esac
