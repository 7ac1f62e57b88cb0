#!/bin/sh
# Keys of nobody, public and private, each as PEM and as DER behind the byte that says of which kind it is: on the curves that are
# used here, on one that is not, with a curve that is spelled out, and of RSA.
set -eu

# key KIND NAME OF BASE64...
key()
{
	kind=$1 name=$2 of=$3
	shift 3
	# shellcheck disable=SC2059 # the kind as a byte
	{
		printf "\\00$kind"
		printf %s "$@" | base64 -d
	} >"$name.der"
	{
		printf -- '-----BEGIN %s-----\n' "$of"
		printf '%s\n' "$@"
		printf -- '-----END %s-----\n' "$of"
	} >"$name.pem"
}
key 0 ed25519 'PUBLIC KEY' \
	'MCowBQYDK2VwAyEAk/XoGQ8a+G6aunVmp/tvkiG3MAJ87LhH+of3I/xsZqA='
key 1 ed25519-private 'PRIVATE KEY' \
	'MC4CAQAwBQYDK2VwBCIEIDclzLzHPOyHwCsIhDpTATCy840qX4iAEuuPPZNQTpV1'
key 0 p256 'PUBLIC KEY' \
	'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8Zi3VYC+0x6zX9ottRMZX62Eg/kQQMsvziIZNtA1NnwUjsLQ4CZpsuIbcazj2qqoZ4p+lYpGCY' \
	'zOXXtsYifvVQ=='
key 1 p256-private 'PRIVATE KEY' \
	'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLwnA0Jc9OVO23yLedfBxT+9ZfgpCGJqUcnLHhAPeW7OhRANCAATxmLdVgL7THr' \
	'Nf2i21ExlfrYSD+RBAyy/OIhk20DU2fBSOwtDgJmmy4htxrOPaqqhnin6VikYJjM5de2xiJ+9V'
key 2 p256-sec1 'EC PRIVATE KEY' \
	'MHcCAQEEIC8JwNCXPTlTtt8i3nXwcU/vWX4KQhialHJyx4QD3luzoAoGCCqGSM49AwEHoUQDQgAE8Zi3VYC+0x6zX9ottRMZX62Eg/kQQMsvzi' \
	'IZNtA1NnwUjsLQ4CZpsuIbcazj2qqoZ4p+lYpGCYzOXXtsYifvVQ=='
key 0 p384 'PUBLIC KEY' \
	'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEobZ8e+jFjKywnqo0V2a3PKBU0wcU5CfL4+vttncSdDAe3aeIJuQi8Byjh+78vfwXRXbIn9i4BghT9d' \
	'Y+wwXDwBEKaDTRP8iYbltvldnFCrbUTyYMGfOXsHhJIWP9d0jI'
key 0 secp256k1 'PUBLIC KEY' \
	'MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEgaTI6mQor7ktxKEEQGFcUS566Lg+1U83/phzvXWHWTfoPZNaDE2prr9uayQJo9dytJlNVs5HV/QDA/' \
	'QeRxuW+w=='
key 0 spelled-out 'PUBLIC KEY' \
	'MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////MFsEIP////8AAAABAA' \
	'AAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEE' \
	'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////' \
	'+85vqtpxeehPO5ysL8YyVRAgEBA0IABPGYt1WAvtMes1/aLbUTGV+thIP5EEDLL84iGTbQNTZ8FI7C0OAmabLiG3Gs49qqqGeKfpWKRgmMzl17' \
	'bGIn71U='
key 0 rsa 'PUBLIC KEY' \
	'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC+srOUd2OKEli+TBwiG1FOPFnfVNHFUNi22ckBfjIMjkx4q4ouWFHB73/C6tEeIt8FDzmAuY' \
	'Kgq8csg+LkkhQL3H8I+fmY5p/y8tUNlG+U79JdIXnDTwqrvl/sFWW98e3s44tFMA0i6yLdhPVbUTrSa1pPArmHXFB57XyV2XWNrQIDAQAB'
