"""What `spark-submit` starts."""

from smtp_decrypt_spark.__main__ import main

main()
