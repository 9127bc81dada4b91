# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Directory searches: OpenLDAP, plain and STARTTLS.
packages="slapd ldap-utils"
names="directory=s4"
shows="ldap.protocolOp == 3"

servers() {
    local person
    mkdir -p "$LAB_DIR/ldap"
    cat >"$LAB_DIR/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $LAB_DIR/ldap/pid
TLSCACertificateFile $LAB_DIR/ca.pem
TLSCertificateFile $LAB_DIR/cert.pem
TLSCertificateKeyFile $LAB_DIR/key.pem
database mdb
suffix "dc=example,dc=test"
rootdn "cn=admin,dc=example,dc=test"
rootpw secret
directory $LAB_DIR/ldap
END
    {
        printf 'dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Lab\ndc: example\n'
        for person in {1..100}; do
            printf '\ndn: cn=person%s,dc=example,dc=test\nobjectClass: inetOrgPerson\n' "$person"
            printf 'cn: person%s\nsn: Person\nmail: person%s@%s\n' "$person" "$person" $LAB_ZONE
        done
    } >"$LAB_DIR/people.ldif"
    slapadd -f "$LAB_DIR/slapd.conf" -l "$LAB_DIR/people.ldif"
    start_on s4 ldap slapd -d 0 -f "$LAB_DIR/slapd.conf" -h ldap:///
    wait_for 10 listening s4 tcp 389
    flows_are ldap tcp "$(address4 s4)" 389
}

searcher() {
    local round option at="-x -H ldap://directory.$LAB_ZONE -b dc=example,dc=test"
    for round in {1..12}; do
        option=
        [ $((round % 3)) -ne 0 ] || option=-ZZ
        draw 100
        run_on "c$1" ldap env LDAPTLS_CACERT="$LAB_DIR/ca.pem" ldapsearch $option $at "(cn=person$DRAWN)"
        think 300
        run_on "c$1" ldap ldapsearch $at "(mail=person$((DRAWN % 10))*)" mail
        think 300
    done
}

clients() {
    users 4 searcher
}
