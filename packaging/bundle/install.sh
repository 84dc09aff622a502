#!/bin/sh
# Installs, upgrades or removes baikaldoc-pos. Needs root, systemd and Python 3.11 or newer; nothing from outside.
#   ./install.sh                     install, or upgrade what is there; starts nothing anew
#   ./install.sh remove [--purge]    remove the program; --purge: configuration, journal and logs, too
set -eu
prefix=/opt/baikaldoc-pos
units=/usr/lib/systemd/system
here=$(cd "$(dirname "$0")" && pwd)

fail() { echo "install.sh: $*" >&2; exit 1; }
booted() { [ -d /run/systemd/system ]; }

[ "$(id -u)" = 0 ] || fail "запустите от root"
case "${1:-install}" in
install | upgrade)
  python=$(command -v python3) || fail "нет python3"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "нужен Python 3.11 или новее: $("$python" -V)"
  (cd "$here" && sha256sum --quiet --check SHA256SUMS) || fail "архив повреждён: контрольные суммы не сходятся"
  rm -rf "$prefix/lib.new"
  install -d -m 0755 "$prefix/lib.new" "$prefix/bin" /etc/baikaldoc-pos
  for wheel in "$here"/wheels/*.whl; do "$python" -m zipfile -e "$wheel" "$prefix/lib.new"; done
  chmod -R u=rwX,go=rX "$prefix/lib.new"
  rm -rf "$prefix/lib.old"
  if [ -d "$prefix/lib" ]; then mv "$prefix/lib" "$prefix/lib.old"; fi
  mv "$prefix/lib.new" "$prefix/lib"
  rm -rf "$prefix/lib.old"
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
  install -d "$units" /usr/lib/sysusers.d
  install -m 0644 "$here"/systemd/*.service "$units/"
  install -m 0644 "$here/systemd/baikaldoc-pos.sysusers" /usr/lib/sysusers.d/baikaldoc-pos.conf
  systemd-sysusers baikaldoc-pos.conf
  install -d -m 0700 /etc/baikaldoc-pos/credentials
  for file in "$here"/config/*.json; do
    [ -e "/etc/baikaldoc-pos/$(basename "$file")" ] || install -m 0640 -g baikaldoc-pos "$file" /etc/baikaldoc-pos/
  done
  if booted; then
    systemctl daemon-reload
    systemctl try-restart 'baikaldoc-pos.service' 'baikaldoc-pos@*.service'
  fi
  echo "Установлено в $prefix. Настройте /etc/baikaldoc-pos, проверьте командой baikaldoc-pos check,"
  echo "затем: systemctl enable --now baikaldoc-pos"
  ;;
remove)
  if booted; then
    systemctl disable --now baikaldoc-pos.service || true
    systemctl stop 'baikaldoc-pos@*.service' || true
  fi
  rm -rf "$prefix" /usr/local/bin/baikaldoc-pos "$units"/baikaldoc-pos.service "$units"/baikaldoc-pos@.service \
    "$units"/baikaldoc-pos-alert@.service
  if booted; then systemctl daemon-reload; fi
  if [ "${2:-}" = --purge ]; then
    for place in /etc /var/lib /var/log /run; do rm -rf "$place/baikaldoc-pos" "$place"/baikaldoc-pos@*; done
    rm -f /usr/lib/sysusers.d/baikaldoc-pos.conf
    if getent passwd baikaldoc-pos >/dev/null; then userdel baikaldoc-pos; fi
  else
    echo "Оставлены настройки, журнал и логи: /etc/baikaldoc-pos, /var/lib/baikaldoc-pos, /var/log/baikaldoc-pos"
  fi
  ;;
*) fail "неизвестная команда: $1" ;;
esac
