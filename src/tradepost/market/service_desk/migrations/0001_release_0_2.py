"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('orders', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Demand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('open', 'With the operators'), ('with_seller', 'With a seller'), ('answered', 'Answered'), ('closed', 'Closed'), ('withdrawn', 'Withdrawn')], default='open', max_length=16)),
                ('origin', models.CharField(choices=[('page', 'From the page'), ('mail', 'From an email, entered by an operator')], default='page', max_length=8)),
                ('contact', models.CharField(max_length=64)),
                ('email', models.EmailField(blank=True, default='', max_length=254)),
                ('phone', models.CharField(blank=True, default='', max_length=32)),
                ('language', models.CharField(max_length=10)),
                ('requirement', models.CharField(max_length=2000)),
                ('searched', models.CharField(blank=True, default='', max_length=100)),
                ('shares_contact', models.BooleanField(default=False)),
                ('entered_by', models.CharField(blank=True, default='', max_length=254)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('sealed_token', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, default='', max_length=2000)),
                ('answered_by', models.CharField(blank=True, default='', max_length=254)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('receipt_mailed_at', models.DateTimeField(default=None, null=True)),
                ('answer_mailed_at', models.DateTimeField(default=None, null=True)),
                ('idempotency_key', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('buyer', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('product', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product')),
                ('seller', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='CustomerDemand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('waiting', 'To be answered'), ('accepted', 'Offered'), ('declined', 'Declined'), ('expired', 'Not answered in time'), ('recalled', 'No longer needed')], default='waiting', max_length=16)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('passed_at', models.DateTimeField()),
                ('passed_by', models.CharField(max_length=254)),
                ('until', models.DateTimeField()),
                ('words', models.CharField(blank=True, default='', max_length=2000)),
                ('answered_by', models.CharField(blank=True, default='', max_length=254)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('product', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
                ('demand', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='passed', to='service_desk.demand')),
            ],
        ),
        migrations.CreateModel(
            name='ReceivedMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('sender', models.CharField(blank=True, default='', max_length=254)),
                ('subject', models.CharField(blank=True, default='', max_length=300)),
                ('text', models.CharField(blank=True, default='', max_length=2000)),
                ('problem', models.CharField(blank=True, default='', max_length=16)),
                ('words', models.CharField(blank=True, default='', max_length=300)),
                ('demand', models.BigIntegerField(default=None, null=True)),
                ('received_at', models.DateTimeField(db_index=True)),
                ('handled_at', models.DateTimeField(default=None, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(models.Q(('problem', ''), _negated=True), ('handled_at', None)), fields=['-id'], name='received_mail_waits')],
            },
        ),
        migrations.CreateModel(
            name='Complaint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about', models.CharField(max_length=64)),
                ('reason', models.CharField(choices=[('unreachable', 'The seller cannot be reached'), ('not_as_sold', 'The delivery does not match the product'), ('support', 'Questions or faults are not handled'), ('steered_away', 'The seller asks for payment outside the market'), ('abuse', 'The seller insulted or threatened me'), ('fake_trade', 'Fake orders'), ('other', 'Something else')], max_length=16)),
                ('text', models.CharField(max_length=2000)),
                ('status', models.CharField(choices=[('asked', "Seller's answer pending"), ('unanswered', 'The seller did not reply'), ('replied', 'The seller replied'), ('upheld', 'Upheld'), ('not_upheld', 'Not upheld'), ('withdrawn', 'Withdrawn')], default='asked', max_length=16)),
                ('created_at', models.DateTimeField()),
                ('reply_until', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('reply', models.CharField(blank=True, default='', max_length=2000)),
                ('replied_at', models.DateTimeField(default=None, null=True)),
                ('replied_by', models.CharField(blank=True, default='', max_length=254)),
                ('decision', models.CharField(blank=True, default='', max_length=2000)),
                ('decided_by', models.CharField(blank=True, default='', max_length=254)),
                ('points', models.PositiveSmallIntegerField(default=0)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('product', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
                ('subscription', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscription')),
            ],
            options={
                'indexes': [models.Index(fields=['buyer', '-id'], name='complaint_buyer'), models.Index(fields=['seller', '-id'], name='complaint_seller'), models.Index(fields=['status', '-id'], name='complaint_status'), models.Index(condition=models.Q(('status__in', ['unanswered', 'replied'])), fields=['due_at', 'id'], name='complaint_to_decide'), models.Index(condition=models.Q(('status__in', ['asked', 'unanswered'])), fields=['seller'], name='complaint_to_reply'), models.Index(condition=models.Q(('status', 'upheld')), fields=['seller', 'ended_at'], name='complaint_upheld')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ['asked', 'unanswered', 'replied'])), fields=('buyer', 'seller', 'about'), name='complaint_open_once')],
            },
        ),
        migrations.AddIndex(
            model_name='demand',
            index=models.Index(fields=['status', '-id'], name='demand_status'),
        ),
        migrations.AddIndex(
            model_name='demand',
            index=models.Index(condition=models.Q(('status', 'open')), fields=['due_at', 'id'], name='demand_to_answer'),
        ),
        migrations.AddIndex(
            model_name='demand',
            index=models.Index(condition=models.Q(('buyer__isnull', False)), fields=['buyer', '-id'], name='demand_buyer'),
        ),
        migrations.AddConstraint(
            model_name='demand',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key', ''), _negated=True), fields=('idempotency_key',), name='demand_idempotency_key'),
        ),
        migrations.AddIndex(
            model_name='customerdemand',
            index=models.Index(fields=['seller', '-id'], name='customer_demand_seller'),
        ),
        migrations.AddIndex(
            model_name='customerdemand',
            index=models.Index(fields=['demand', '-id'], name='customer_demand_demand'),
        ),
        migrations.AddConstraint(
            model_name='customerdemand',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'waiting')), fields=('demand',), name='customer_demand_one_waits'),
        ),
        migrations.AddIndex(
            model_name='customerdemand',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['seller'], name='customer_demand_waits'),
        ),
        migrations.AddIndex(
            model_name='customerdemand',
            index=models.Index(fields=['seller', 'status', '-id'], name='customer_demand_status'),
        ),
    ]
