"""People → posts, credentials and declared interests: personal data, from outside the policy repository, valid by the day."""
